// Two users, two projects, every endpoint: no user reaches another's data, and another's data looks as if it did not exist.

import TestSupport
import Testing

@Suite struct CrossAccessEndpointTests {
    let home = Home()

    @Test func nobodyReachesAnothersProjectOrKeys() {
        let ada = home.signIn("ada@example.com")
        let eve = home.signIn("eve@example.com")
        let nowhere = "1a42c90f-02a6-434b-b9e6-43801a9314d0"
        for (me, other) in [(ada, eve), (eve, ada)] {
            let othersKey = home.createKey(by: other)
            let name = #"{"name":"mine now","project_id":"\#(other.project)","user_id":"\#(other.id)"}"#
            for project in [other.project, nowhere] {
                let answers = [
                    home.get("list-api-keys", me.on(project)),
                    home.post("create-api-key", name, me.on(project)),
                    home.deleteKey(othersKey.id, me.on(project)),
                    home.delete("delete-project", me.bearer.merging(["PATH_INFO": "/\(project)"]) { $1 }),
                    home.get("get-project", me.bearer.merging(["PATH_INFO": "/\(project)"]) { $1 }),
                ]
                for answer in answers {
                    #expect(
                        answer.shown == """
                            404
                            \(standardHeaders)
                            Content-Length: <count>

                            {"success":false,"data":null,"error":{"code":"project_not_found","message":"There is no such project."}}
                            """)
                }
            }
            #expect(home.deleteKey(othersKey.id, me.on(me.project)).code == "api_key_not_found")
            #expect(home.deleteKey(nowhere, me.on(me.project)).code == "api_key_not_found")
            #expect(
                home.get(
                    "list-api-keys", ["HTTP_X_PROJECT_ID": me.project, "HTTP_X_API_KEY": othersKey.secret]
                ).code == "invalid_api_key")
            // Identity in the body is ignored: the key is made where the header says.
            #expect(home.post("create-api-key", name, me.onProject).status == 201)
            #expect(!home.get("list-api-keys", me.onProject).body.contains(othersKey.id))
            #expect(home.get("current-user", me.bearer).body.contains(me.email))
            #expect(!home.get("current-user", me.bearer).body.contains(other.email))
            let refresh = home.post(
                "refresh-token", #"{"refresh_token":"\#(other.refreshToken)","user_uuid":"\#(me.id)"}"#)
            #expect(refresh.code == "invalid_refresh_token")
        }
        #expect(home.number("SELECT count(*) FROM api_keys WHERE deactivated_at IS NOT NULL") == 0)
        #expect(home.number("SELECT count(*) FROM api_keys") == 4)
    }
}
