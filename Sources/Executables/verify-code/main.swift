import AuthAPI
import Endpoints

run(verifyCode)
