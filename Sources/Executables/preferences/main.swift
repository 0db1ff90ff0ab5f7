import API
import Endpoints

run(preferences)
