import AuthAPI
import Endpoints

run(sendCode)
