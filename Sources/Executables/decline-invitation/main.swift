import AuthAPI
import Endpoints

run(declineInvitation)
