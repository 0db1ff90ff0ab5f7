import API
import Endpoints

run(updateUser)
