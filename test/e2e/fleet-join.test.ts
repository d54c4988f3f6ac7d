import { describeFleetJoin } from './fleet-join-contract.ts'

describeFleetJoin('real')
