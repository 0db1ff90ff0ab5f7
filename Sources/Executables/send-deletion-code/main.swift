import API
import Endpoints

run(sendDeletionCode)
