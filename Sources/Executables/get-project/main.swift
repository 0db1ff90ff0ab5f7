import API
import Endpoints

run(getProject)
