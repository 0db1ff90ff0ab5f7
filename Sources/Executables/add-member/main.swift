import AuthAPI
import Endpoints

run(addMember)
