import AuthAPI
import Endpoints

run(deleteUser)
