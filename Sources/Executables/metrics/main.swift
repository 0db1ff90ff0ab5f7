import AuthAPI
import Endpoints

run(metrics)
