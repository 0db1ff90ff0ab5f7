import API
import Endpoints

run(acceptInvitation)
