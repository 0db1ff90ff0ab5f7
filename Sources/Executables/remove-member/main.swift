import AuthAPI
import Endpoints

run(removeMember)
