import AuthAPI
import Endpoints

run(listInvitations)
