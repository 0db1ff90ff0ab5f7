import API
import Endpoints

run(health)
