import API
import Endpoints

run(declineInvitation)
