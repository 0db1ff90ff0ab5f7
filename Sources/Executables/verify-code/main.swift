import API
import Endpoints

run(verifyCode)
