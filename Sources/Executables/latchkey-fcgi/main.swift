import AuthAPI
import Endpoints

run(allEndpoints)
