import AuthAPI
import Endpoints

run(acceptInvitation)
