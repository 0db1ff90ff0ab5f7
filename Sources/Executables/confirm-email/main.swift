import AuthAPI
import Endpoints

run(confirmEmail)
