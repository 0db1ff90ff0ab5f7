import API
import Endpoints

run(addMember)
