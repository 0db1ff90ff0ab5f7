import AuthAPI
import Endpoints

run(updateProject)
