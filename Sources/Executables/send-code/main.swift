import API
import Endpoints

run(sendCode)
