import AuthAPI
import Endpoints

run(listProjects)
