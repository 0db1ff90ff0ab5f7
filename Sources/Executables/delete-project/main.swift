import API
import Endpoints

run(deleteProject)
