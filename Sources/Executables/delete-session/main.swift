import AuthAPI
import Endpoints

run(deleteSession)
