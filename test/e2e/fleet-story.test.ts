import { describeFleetStory } from './fleet-story-contract.ts'

describeFleetStory('real')
