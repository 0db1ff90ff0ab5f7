import AuthAPI
import Endpoints

run(changeEmail)
