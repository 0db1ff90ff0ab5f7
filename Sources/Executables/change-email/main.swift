import API
import Endpoints

run(changeEmail)
