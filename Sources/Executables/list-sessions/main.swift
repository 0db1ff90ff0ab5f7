import AuthAPI
import Endpoints

run(listSessions)
