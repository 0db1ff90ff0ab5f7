import API
import Endpoints

run(createAPIKey)
