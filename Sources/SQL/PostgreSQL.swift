// The connection of this build's store, for the files that are the same for both stores: here PostgreSQL's.

@_exported public import PostgreSQL
