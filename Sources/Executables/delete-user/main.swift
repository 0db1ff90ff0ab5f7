import API
import Endpoints

run(deleteUser)
