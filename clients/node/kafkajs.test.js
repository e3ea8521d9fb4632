import * as kafkajs from './adapters/kafkajs.js'
import { stories } from './stories.js'

stories(kafkajs)
