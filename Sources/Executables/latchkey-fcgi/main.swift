import API
import Endpoints

run(allEndpoints)
