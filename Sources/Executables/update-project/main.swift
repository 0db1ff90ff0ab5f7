import API
import Endpoints

run(updateProject)
