import AuthAPI
import Endpoints

run(currentUser)
