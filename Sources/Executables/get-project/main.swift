import AuthAPI
import Endpoints

run(getProject)
