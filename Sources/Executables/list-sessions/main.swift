import API
import Endpoints

run(listSessions)
