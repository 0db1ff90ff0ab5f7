import API
import Endpoints

run(updateMember)
