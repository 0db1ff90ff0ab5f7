import API
import Endpoints

run(deleteAPIKey)
