import API
import Endpoints

run(listInvitations)
