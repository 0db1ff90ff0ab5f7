import API
import Endpoints

run(createProject)
