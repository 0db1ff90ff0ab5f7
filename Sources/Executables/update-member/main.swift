import AuthAPI
import Endpoints

run(updateMember)
