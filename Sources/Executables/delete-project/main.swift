import AuthAPI
import Endpoints

run(deleteProject)
