import API
import Endpoints

run(removeMember)
