import API
import Endpoints

run(keySet)
