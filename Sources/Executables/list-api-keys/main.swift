import API
import Endpoints

run(listAPIKeys)
