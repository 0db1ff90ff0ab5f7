import API
import Endpoints

run(deleteSession)
