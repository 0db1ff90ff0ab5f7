import API
import Endpoints

run(currentUser)
