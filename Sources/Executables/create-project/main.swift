import AuthAPI
import Endpoints

run(createProject)
