import API
import Endpoints

run(rotateAPIKey)
