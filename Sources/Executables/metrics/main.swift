import API
import Endpoints

run(metrics)
