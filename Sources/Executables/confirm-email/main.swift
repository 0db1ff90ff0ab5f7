import API
import Endpoints

run(confirmEmail)
