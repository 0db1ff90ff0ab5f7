import AuthAPI
import Endpoints

run(sendDeletionCode)
