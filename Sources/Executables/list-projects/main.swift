import API
import Endpoints

run(listProjects)
