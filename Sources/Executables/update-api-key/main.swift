import API
import Endpoints

run(updateAPIKey)
